-- What a buyer has, newest first: a browser that lost its list finds its tickets again. By its
-- payments, of which every checkout makes one, also when there is nothing to pay: an index of
-- reservations is written for each that is held, and most are never paid for. Neither column
-- changes, so updates of a payment stay HOT.
CREATE INDEX payment_by_buyer ON payment (buyer_id, reservation_id);
DROP INDEX reservation_by_buyer;
