"""Ads, their sets and campaigns, and what they cost and achieved by day."""

from mock_server.store import tables
from mock_server.store.rows import Rows

AD_CAMPAIGNS = Rows(tables.AdCampaign, "id")
AD_SETS = Rows(tables.AdSet, "id")
ADS = Rows(tables.Ad, "id")
FIGURES = Rows(tables.AdPerformance, "ad", "date")
