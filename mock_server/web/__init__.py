"""The fake on the web: the vendor's APIs, the admin API, and who may reach them."""
