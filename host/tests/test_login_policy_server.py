"""Whose connection to the login policy it is."""

import os
import pwd
import socket
import unittest

from mailstack.daemons.login_policy_server import owner

HERE = "127.0.0.1"
OTHER = pwd.getpwnam("daemon").pw_uid


def connected(server, port=0):
    """A connection to a server, from a port that other connections may have too."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.bind((HERE, port))
    client.connect(server.getsockname())
    return client


class Owner(unittest.TestCase):
    def setUp(self):
        self.policy = self.listening()

    def listening(self):
        server = socket.create_server((HERE, 0))
        self.addCleanup(server.close)
        return server

    def many(self, port):
        """Connections of the present user from one port: one of so many is likely to be the first in a table."""
        for _ in range(20):
            self.addCleanup(connected(self.listening(), port).close)

    def asked(self, user):
        """A connection to the policy by this user, whose port root's and another user's connections share."""
        os.seteuid(user)
        try:
            client = connected(self.policy)
        finally:
            os.seteuid(0)
        self.addCleanup(client.close)
        other = 0 if user else OTHER
        os.seteuid(other)
        try:
            self.many(client.getsockname()[1])
        finally:
            os.seteuid(0)
        return owner(client.getsockname(), self.policy.getsockname())

    def test_root_is_root_although_another_users_connections_have_the_same_port(self):
        self.assertEqual(self.asked(0), 0)

    def test_another_user_is_not_root_although_roots_connections_have_the_same_port(self):
        self.assertEqual(self.asked(OTHER), OTHER)

    def test_a_connection_that_is_not_there_is_nobodys(self):
        client = connected(self.policy)
        address = client.getsockname()
        client.close()
        self.assertIsNone(owner((HERE, address[1] ^ 1), self.policy.getsockname()))
