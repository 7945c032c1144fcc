"""The fake on the web: the import API, the admin API, and who may reach them."""
