-- No checkpoint: pages that were written since the last one need no image in the log again.
UPDATE peer_seat SET reservation_id = NULL WHERE reservation_id IS NOT NULL;
TRUNCATE peer_reservation, peer_fact;
VACUUM peer_seat;
