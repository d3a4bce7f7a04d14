"""What goes wrong, in one line."""


LONGEST = 4000  # characters of a message: names out of a file may be of any length


def printable(text: str) -> str:
    """The text with everything that a terminal would obey (control bytes, line ends, marks that turn the
    direction of writing) as an escape, so that a name out of a file can be shown."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode()
                   for c in text)


class Error(Exception):
    """A module, an optimizer, data or a file that basin cannot take; the message is one line and names it."""

    def __init__(self, message: str):
        super().__init__(printable(message if len(message) <= LONGEST else f"{message[:LONGEST]}…"))


def first_line(error: BaseException) -> str:
    """Another library's message, shortened to fit into one line of ours."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
