# SPDX-License-Identifier: MIT
"""labgrid drivers for Heifer: QEMU's with a serial line that loses nothing.

labgrid's own QEMUDriver connects the serial line by a unix socket, through which QEMU 7.2's sifive_u loses
output when the socket is full; a TCP connection on the loopback loses nothing. A machine that has switched
itself off counts as off, and not every machine is told its CPU. And labgrid's own drivers wait for seconds where a
busy host, or one that stands still for a while, may need more.
"""

import json
import socket
import subprocess

import attr
from labgrid.driver import QEMUDriver, ShellDriver
from labgrid.factory import target_factory
from labgrid.step import step
from labgrid.util import gen_marker
from labgrid.util.qmp import QMPError
from pexpect import EOF

# For what happens at once where nothing is wrong: only a machine that is stuck takes so long.
PATIENCE_SECONDS = 300
SAID_BYTES = 8192


@target_factory.reg_driver
@attr.s(eq=False)
class HeiferQEMUDriver(QEMUDriver):
    """QEMU as above. An empty `cpu` means the machine's own. @said: its last words on the serial line."""

    said = b""

    def on_activate(self):
        super().on_activate()
        self._socket.close()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(PATIENCE_SECONDS)
        port = self._socket.getsockname()[1]
        at = self._cmd.index("-chardev")
        self._cmd[at + 1] = f"socket,id=serialsocket,host=127.0.0.1,port={port}"
        if not self.cpu:
            at = self._cmd.index("-cpu")
            del self._cmd[at:at + 2]
        self._target_cmd = self._cmd

    def on_deactivate(self):
        super().on_deactivate()
        self._socket.close()

    def set_options(self, words):
        """What the next start adds to QEMU's command line. The machine is off."""
        assert not self.status
        self._cmd = self._target_cmd + words

    @property
    def image(self):
        """Path of what it boots."""
        return self._cmd[self._cmd.index("-kernel") + 1]

    def exited_within(self, seconds):
        """Did the machine switch itself off?"""
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def send_break(self):
        """A BREAK on the serial line; labgrid's own commands to QEMU take no arguments."""
        request = {"execute": "chardev-send-break", "arguments": {"id": "serialsocket"}}
        self.qmp.monitor_in.write(json.dumps(request).encode() + b"\n")
        self.qmp.monitor_in.flush()
        while "return" not in self.qmp._read_parse_json():  # events come between
            pass

    @step()
    def off(self):
        if not self.status:
            return
        try:
            self.monitor_command("quit")
        except (QMPError, BrokenPipeError, OSError, ValueError):
            pass  # it is gone already, or is going
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None
        self._clientsocket.close()
        self.status = 0

    def _read(self, size=1, timeout=10):
        data = super()._read(size, timeout)
        if not data:
            raise EOF("the machine is off")
        self.said = (self.said + data)[-SAID_BYTES:]
        return data

    def _write(self, data):
        self._clientsocket.settimeout(PATIENCE_SECONDS)
        try:
            self._clientsocket.sendall(data)
        finally:
            self._clientsocket.setblocking(False)
        return len(data)


@target_factory.reg_driver
@attr.s(eq=False)
class HeiferShellDriver(ShellDriver):
    """labgrid's, with patience for each answer."""

    def on_activate(self):
        self.console._expect.timeout = PATIENCE_SECONDS
        super().on_activate()

    def _check_prompt(self):
        marker = gen_marker()
        self.console.sendline(f"echo '{marker[:4]}''{marker[4:]}'")
        self.console.expect(rf"{marker}\s+{self.prompt}", timeout=PATIENCE_SECONDS)

    def _run(self, cmd, *, timeout=0, **options):
        return super()._run(cmd, timeout=max(timeout, PATIENCE_SECONDS), **options)
