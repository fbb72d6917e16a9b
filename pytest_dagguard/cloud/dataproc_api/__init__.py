"""Parts of the Dataproc emulator: what is asked, what there is, and a file for each kind of resource."""
