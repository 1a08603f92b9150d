"""A component that uses everything it may be granted, and says what became of it; in Python."""

import os
import sys


class WitWorld:
    def work(self, words: list[str]) -> str:
        said = [f"argument {word}" for word in words]
        home = "known" if "HOME" in os.environ else "none"
        said.append(f"greeting {os.environ.get('GREETING', 'none')}, home {home}")
        said += [f"input {line.rstrip()}" for line in sys.stdin]

        for folder, _, files in os.walk("/data"):
            for name in files:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    said.append(f"found {path} of {os.path.getsize(path)} bytes")
        with open("/data/new.txt", "w") as file:
            file.write("written")
        os.rename("/data/new.txt", "/data/sub/moved.txt")
        with open("/data/sub/moved.txt") as file:
            said.append(f"read back {file.read()}")

        def refused(what, attempt):
            try:
                attempt()
            except OSError:
                said.append(f"refused: {what}")
            else:
                said.append(f"NOT REFUSED: {what}")

        def link():
            os.symlink("/etc/passwd", "/data/passwd")
            open("/data/passwd").close()

        refused("reading ../outside", lambda: open("/data/../outside/O"))
        refused("reading /etc/passwd", lambda: open("/etc/passwd"))
        refused("reading through a link", lambda: open("/data/link"))
        refused("writing outside", lambda: open("/data/../outside/new", "w"))
        refused("writing where it may only read", lambda: open("/fixed/file", "w"))
        refused("renaming out", lambda: os.rename("/data/sub/moved.txt", "/data/../outside/moved"))
        refused("renaming into what is fixed", lambda: os.rename("/data/sub/moved.txt", "/fixed/moved"))
        refused("a link to the outside", link)
        print("done", file=sys.stderr, flush=True)
        return "\n".join(said)

    def leave(self, code: int) -> None:
        sys.exit(code)
