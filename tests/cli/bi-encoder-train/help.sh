bi-encoder-train --help
