records import --help
