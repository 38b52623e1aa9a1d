# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets


def write_text(path: str, content: str) -> None:
    """Writes a file beside the one of that name, or that it links to, and moves it there. Raises
    OSError, which names `path`."""
    target = os.path.realpath(path)
    beside = f"{target}.{secrets.token_hex(4)}.part"
    try:
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with open(file, "w", encoding="utf-8") as out:
                out.write(content)
            os.replace(beside, target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(beside)
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
