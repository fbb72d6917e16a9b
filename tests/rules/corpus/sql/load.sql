{% set day = ds %}
INSERT INTO from_file SELECT * FROM staging_area WHERE day = '{{ day }}';
