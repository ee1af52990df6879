stsb-eval --help
