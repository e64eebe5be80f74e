#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""An example of a bot: it answers "!echo WORDS" with WORDS. It uses the standard library alone.

    kchat-tui bot --room lobby --user Echo --password-file FILE --socket /run/user/1000/echo.sock
    python3 examples/echo.py /run/user/1000/echo.sock
"""

import json
import socket
import sys


def main(path):
    me = None
    with socket.socket(socket.AF_UNIX) as conn:
        conn.connect(path)
        lines = conn.makefile("rw", encoding="utf-8", newline="\n")
        for line in lines:
            event = json.loads(line)
            if event["type"] == "hello":
                print("echo: listening", flush=True)
            elif event["type"] == "online":
                me = event["account"]
            elif "error" in event:
                print("echo:", event["error"]["name"], event["error"]["message"], file=sys.stderr)
            elif event["type"] == "message" and event["kind"] == "message":
                text = event.get("text", "")
                if event["sender"] == me or event.get("before") or not text.startswith("!echo "):
                    continue
                answer = {
                    "id": event["id"],
                    "do": "send",
                    "room": event["room"],
                    "text": text.removeprefix("!echo "),
                    "reply_to": event["id"],
                }
                lines.write(json.dumps(answer) + "\n")
                lines.flush()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("echo.py SOCKET")
    main(sys.argv[1])
