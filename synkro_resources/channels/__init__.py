"""Ways to people, whatever carries them: what a channel promises, and which one a tenant's destinations use."""

from synkro_resources.channels.channel import Attachment, Channel, Message, SendOutcome

__all__ = ["Attachment", "Channel", "Message", "SendOutcome"]
