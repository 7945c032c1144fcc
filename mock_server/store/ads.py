"""Ads, their sets and campaigns, and what they cost and achieved by day."""

from mock_server.store.rows import Rows

AD_CAMPAIGNS = Rows("ad_campaign", "id")
AD_SETS = Rows("ad_set", "id")
ADS = Rows("ad", "id")
FIGURES = Rows("ad_performance", "ad", "date")
