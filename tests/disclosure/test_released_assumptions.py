"""What a stack says of an area model's assumptions is that of the fit whose rows are printed: no count of areas without a case."""

from __future__ import annotations

from pathlib import Path

import fl_estimate as fl

STUDY = Path(__file__).resolve().parents[2] / "data" / "sample" / "study.toml"


def test_a_stack_does_not_tell_how_many_areas_lack_a_case(tmp_path: Path) -> None:
    result = fl.run_study(STUDY, out=tmp_path / "out")
    assert result.published is not None
    told = {table.name: table.assumptions for table in result.published.tables}
    codes = ("clustered_counts_pooled", "prior_intercept")
    own = [repr(one) for one in result.estimates["districts"].assumptions if one.code in codes]
    alone = [repr(one) for one in told["districts"] if one.code in codes]
    together = [repr(one) for one in told["together"] if one.code in codes]
    assert own
    assert alone
    assert together == alone
    assert not set(own) & set(together)
