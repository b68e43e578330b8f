-- The cross-check of our own generator: wrk reserves two seats a request in the house of
-- $BENCH_HOUSE (a folder with events and seats), as the buyers of $BENCH_TOKENS. One thread.
local function lines(file)
    local list = {}
    for line in io.lines(file) do list[#list + 1] = line end
    return list
end

local house = os.getenv('BENCH_HOUSE')
local events, seats = lines(house .. '/events'), lines(house .. '/seats')
local tokens = lines(os.getenv('BENCH_TOKENS'))
local number = #events -- the first ones woke the events
accepted, other = 0, 0

function request()
    local event = events[number % #events + 1]
    local at = 2 * (math.floor(number / #events) % math.floor(#seats / 2))
    local body = '{"event_id":"' .. event .. '","seats":["' .. seats[at + 1] .. '","' ..
        seats[at + 2] .. '"]}'
    local token = tokens[number % #tokens + 1]
    number = number + 1
    return wrk.format('POST', nil, {
        ['Authorization'] = 'Bearer ' .. token, ['Content-Type'] = 'application/json',
        ['Idempotency-Key'] = 'wrk-' .. number,
    }, body)
end

function response(status)
    if status == 201 then accepted = accepted + 1 else other = other + 1 end
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end

function done(summary)
    local sum, others = 0, 0
    for _, thread in ipairs(threads) do
        sum, others = sum + thread:get('accepted'), others + thread:get('other')
    end
    print('accepted: ' .. sum)
    print('not accepted: ' .. others)
    print('accepted a second: ' .. math.floor(sum * 1e6 / summary.duration))
end
