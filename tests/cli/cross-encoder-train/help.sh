cross-encoder-train --help
