records --help
