"""What writes files of the repository from the code: pages of docs/, dashboards of deploy/."""
