"""Tables in Markdown."""


def table(heading, rows):
    """A table of cells of any kind: str."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value):
    """One cell: a bar would end it, a line break the table, and `<` may begin a tag."""
    value = "; ".join(value) if isinstance(value, list) else str(value)
    return " ".join(value.split()).replace("|", "\\|").replace("<", "&lt;")
