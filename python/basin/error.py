"""What goes wrong, in one line."""


class Error(Exception):
    """A module, an optimizer, data or a file that basin cannot take; the message is one line and names it."""


def first_line(error: BaseException) -> str:
    """Another library's message, shortened to fit into one line of ours."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
