"""Progress through scikit-learn's callbacks, which exist from version 1.9 on."""

from __future__ import annotations

from sklearn_unlearn.utils.callbacks import CallbackSupportMixin, with_callbacks

__all__ = ["ShardTasksMixin", "with_callbacks"]


class ShardTasksMixin(CallbackSupportMixin):
    """An estimator of shards, whose callbacks are told of each."""

    def _tell_of(self, results, task, parts):
        """Results as they come, of which the estimator's callbacks are told.

        To be called within a method that is decorated by ``with_callbacks``.

        Parameters
        ----------
        results : iterable
            One a part, in their order.
        task : str
            What is done.
        parts : list of int
            Different numbers.

        Returns
        -------
        list
        """
        if not hasattr(self, "set_callbacks"):
            return list(results)
        root = self._init_callback_context(
            task_name=task, max_subtasks=len(parts), sequential_subtasks=False
        )
        root.call_on_fit_task_begin(estimator=self)
        # all parts are handed to the workers at once
        shards = [root.subcontext(task_name="shard", task_id=part) for part in parts]
        for shard in shards:
            shard.call_on_fit_task_begin(estimator=self)
        found = []
        for shard, result in zip(shards, results, strict=True):
            found.append(result)
            shard.call_on_fit_task_end(estimator=self)
        root.call_on_fit_task_end(estimator=self)
        return found
