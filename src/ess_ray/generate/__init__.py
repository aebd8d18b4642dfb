"""Writers of files of the repository that are made from the code: pages of docs/, dashboards of deploy/."""
