#include "ops/provider/card.h"

#define DECLINED(id, last4, code, decline_code, message)                                           \
    {                                                                                              \
        id, "visa", last4, code, decline_code, message, CARD_REFUND_AT_ONCE                        \
    }
#define PAYS(id, brand, last4)                                                                     \
    {                                                                                              \
        id, brand, last4, NULL, NULL, NULL, CARD_REFUND_AT_ONCE                                    \
    }

static const char generic[] = "Your card was declined.";
static const char funds[] = "Your card has insufficient funds.";

static const card cards[] = {
    PAYS("pm_card_visa", "visa", "4242"),
    PAYS("pm_card_visa_debit", "visa", "5556"),
    PAYS("pm_card_mastercard", "mastercard", "4444"),
    PAYS("pm_card_mastercard_debit", "mastercard", "8210"),
    PAYS("pm_card_mastercard_prepaid", "mastercard", "5100"),
    PAYS("pm_card_amex", "amex", "8431"),
    PAYS("pm_card_discover", "discover", "9424"),
    PAYS("pm_card_diners", "diners", "0004"),
    PAYS("pm_card_jcb", "jcb", "0505"),
    PAYS("pm_card_unionpay", "unionpay", "0005"),
    {"pm_card_pendingRefund", "visa", "7726", NULL, NULL, NULL, CARD_REFUND_PENDS},
    {"pm_card_refundFail", "visa", "5126", NULL, NULL, NULL, CARD_REFUND_FAILS},
    DECLINED("pm_card_chargeDeclined", "0002", "card_declined", "generic_decline", generic),
    DECLINED("pm_card_visa_chargeDeclined", "0002", "card_declined", "generic_decline", generic),
    DECLINED("pm_card_chargeDeclinedInsufficientFunds", "9995", "card_declined",
             "insufficient_funds", funds),
    DECLINED("pm_card_visa_chargeDeclinedInsufficientFunds", "9995", "card_declined",
             "insufficient_funds", funds),
    DECLINED("pm_card_visa_chargeDeclinedLostCard", "9987", "card_declined", "lost_card", generic),
    DECLINED("pm_card_visa_chargeDeclinedStolenCard", "9979", "card_declined", "stolen_card",
             generic),
    DECLINED("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "6975", "card_declined",
             "card_velocity_exceeded",
             "Your card was declined for making repeated attempts too frequently or exceeding its "
             "amount limit."),
    DECLINED("pm_card_chargeDeclinedFraudulent", "0019", "card_declined", "fraudulent", generic),
    DECLINED("pm_card_chargeDeclinedExpiredCard", "0069", "expired_card", NULL,
             "Your card has expired."),
    DECLINED("pm_card_chargeDeclinedIncorrectCvc", "0127", "incorrect_cvc", NULL,
             "Your card's security code is incorrect."),
    DECLINED("pm_card_chargeDeclinedProcessingError", "0119", "processing_error", NULL,
             "An error occurred while processing your card. Try again in a little bit."),
};

const card *card_find(const char *id)
{
    for (size_t i = 0; i < sizeof cards / sizeof cards[0]; i++)
        if (strcmp(cards[i].id, id) == 0)
            return &cards[i];
    return NULL;
}
