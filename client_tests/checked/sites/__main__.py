"""Send the calls; another file than the one that makes them."""

from client_tests.checked.sites.calls import send_all

send_all()
