DROP INDEX IF EXISTS reservation_by_buyer;
