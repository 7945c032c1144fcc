"""Who the visitors of sites are, as calls of tracking say."""

from mock_server.store.identifications import IDENTIFICATIONS
from mock_server.web.dashboard import queries
from mock_server.web.dashboard.page import PAGE_SIZE, Page, PageContext


def visitors(context: PageContext) -> Page:
    found, more = queries.latest(context.session, IDENTIFICATIONS, before=context.before, limit=PAGE_SIZE)
    total = queries.count(context.session, IDENTIFICATIONS)
    return Page("visitors.html.j2", "Visitors", {"rows": found, "next": more, "total": total})
