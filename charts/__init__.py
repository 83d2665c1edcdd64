"""The Helm chart and the script that keeps its copies of other folders in step."""
