tsdae-train --help
