"""Many runs of one config as one table: seeds x options, on this machine or a cluster."""
from ibgan_plugin.apis.sweep.plan import Plan, Run, make_plan
from ibgan_plugin.apis.sweep.table import collect, write_table
from ibgan_plugin.apis.sweep.work import train_and_score

__all__ = ['Plan', 'Run', 'collect', 'make_plan', 'train_and_score', 'write_table']
