"""What a check raises."""


class Bad(Exception):
    """It answers, but not as it should. The text is for the status line."""


class Warn(Exception):
    """It works, but somebody has to do something about it. A deployment goes on."""


# All of `mailstack status` takes less than 5 s.
TIMEOUT = 4.0
HERE = "127.0.0.1"
