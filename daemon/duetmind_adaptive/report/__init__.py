"""Pages for people: one self-contained HTML file each, drawn as SVG, no script and no network."""
