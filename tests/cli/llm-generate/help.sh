llm-generate --help
