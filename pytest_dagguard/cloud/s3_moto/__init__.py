"""The part of the S3 emulator that is bound to moto. Imported only where an emulator is made: it takes a second."""
