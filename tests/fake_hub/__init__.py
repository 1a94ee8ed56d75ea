"""A Hub on loopback HTTP for the real clients: repositories, uploads, discussions, Spaces, and what can go wrong."""

from .server import FakeHub as FakeHub
