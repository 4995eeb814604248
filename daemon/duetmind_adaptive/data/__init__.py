"""The bundled stream of the demo; see the licence note beside it."""
