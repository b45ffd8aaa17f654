"""Where a site is: `/sites/<name>` of the stand-in plays https://<name>.atlassian.net."""

SITE_PATH = "/sites/{site}"


def path_at_site(raw_path: str) -> str | None:
    """Tell how the site itself sees a path (query included); None if it is not below a site's address."""
    if not raw_path.startswith(SITE_PATH.format(site="")):
        return None
    _, _, _, *rest = raw_path.split("/", 3)
    return "/" + "".join(rest)
