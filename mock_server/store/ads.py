"""Ads, their sets and campaigns, and what they cost and achieved by day."""

from mock_server.store.rows import Rows
from mock_server.store.tables import Ad, AdCampaign, AdPerformance, AdSet

AD_CAMPAIGNS = Rows(AdCampaign, "id")
AD_SETS = Rows(AdSet, "id")
ADS = Rows(Ad, "id")
FIGURES = Rows(AdPerformance, "ad", "date")
