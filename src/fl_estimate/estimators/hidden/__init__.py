"""Hidden populations: people whom no frame lists and few households hold. `fl.hidden`; one module a design."""

__all__: list[str] = []
