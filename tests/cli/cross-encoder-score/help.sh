cross-encoder-score --help
