"""How a delivery ends that does not succeed."""


class Undelivered(Exception):
    """This channel does not work. The text is for people, and holds no secret."""


class NotNow(Exception):
    """It can only work later; nobody has to be told that."""
