"""What the daemon does about an event: alert channels that tell people, response actions that mend.

Entry points find everything here; nothing imports it by name. A plug-in of your own has the same standing.
"""
