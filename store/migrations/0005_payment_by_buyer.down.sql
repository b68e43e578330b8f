CREATE INDEX IF NOT EXISTS reservation_by_buyer ON reservation (buyer_id, id);
DROP INDEX IF EXISTS payment_by_buyer;
