"""What ends a command: a message for the person who deploys, and an exit code."""


class MailstackError(Exception):
    """A failure with a message that needs no traceback. `details` are more lines, for example a validator's words."""

    def __init__(self, message: str, details: list[str] | None = None, exit_code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or []
        self.exit_code = exit_code


class Interrupted(MailstackError):
    """A signal, or the caller's connection is gone. The exit code is 128 and the signal's number, as in a shell."""

    def __init__(self, reason: str, signal_number: int) -> None:
        super().__init__(f"interrupted ({reason})", exit_code=128 + signal_number)
