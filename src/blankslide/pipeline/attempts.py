"""What the system refuses, in our own words: so that one bad slide never stops the others of a run."""

from __future__ import annotations

from blankslide.errors import BlankslideError, EnvironmentProblem, InternalError, NoPermission, UsageError


def problem_of(error: Exception) -> BlankslideError:
    """Return the error of our own tree that says the same; only our own messages are taken over.

    Nothing was changed: past the commit point no other error leaves the pipeline than `SlidePending`.
    """
    if isinstance(error, BlankslideError):
        return error
    if isinstance(error, FileNotFoundError):
        return UsageError("there is no such file")
    if isinstance(error, PermissionError):
        return NoPermission("reading or writing is not allowed")
    if isinstance(error, OSError):
        return EnvironmentProblem(f"the system refused: {error.strerror or 'unknown error'}")
    return InternalError(f"our own mistake ({type(error).__name__})", "please tell us; `verify` says how the slide is")
