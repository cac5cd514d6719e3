"""Text as PostgreSQL can store it."""


def without_nul(value):
    """``value`` without NUL characters, which PostgreSQL's text refuses.

    :param value: text, or a dict, list or tuple of values at any depth; anything else is returned
        as it is
    """
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {without_nul(name): without_nul(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(without_nul(item) for item in value)
    return value
