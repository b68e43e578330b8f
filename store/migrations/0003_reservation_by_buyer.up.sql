-- What a buyer has, newest first: a browser that lost its list finds its tickets again. Neither
-- column changes, so updates of a reservation stay HOT; ids of buyers are ordered by time, so those
-- who came for a sale stand side by side.
CREATE INDEX reservation_by_buyer ON reservation (buyer_id, id);
