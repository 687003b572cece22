"""The errors of libtracer: raised at set-up, never while recording."""


class Error(Exception):
    """Something libtracer was asked to do failed."""


class ConfigError(Error, ValueError):
    """An option is not usable; the message names it, its value and what would be right."""


class UninitializedError(Error):
    """What needs ``libtracer.init`` was used before it."""


Error.__module__ = ConfigError.__module__ = UninitializedError.__module__ = "libtracer"
