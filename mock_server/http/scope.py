"""The keys under which `HttpProtocol` adds to the ASGI scope of a request."""

# In scope["extensions"]: {"transport": the connection}, which a fault may close, reset or cut off.
TRANSPORT = "segmetrics_mock.transport"

# In scope["state"]: the whole body, where it arrived before the application started. Most bodies do.
WHOLE_BODY = "segmetrics_mock.body"
