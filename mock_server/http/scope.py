"""The keys under which `HttpProtocol` adds to the ASGI scope of a request."""

# In scope["extensions"]: {"recipient": a Recipient}: the client, as far as a response on its way needs to know it.
RECIPIENT = "segmetrics_mock.recipient"

# In scope["state"]: the production host to which the client sent the request over plain http, if it did.
CLEARTEXT_HOST = "segmetrics_mock.cleartext_host"

# In scope["state"]: the whole body, where it arrived before the application started. Most bodies do.
WHOLE_BODY = "segmetrics_mock.body"
