pair-builder --help
