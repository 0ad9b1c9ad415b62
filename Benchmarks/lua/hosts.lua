-- Every route of the hosts BENCH_FIRST to BENCH_LAST, made once and asked for in a mixed order.
-- The order is a stride that shares no factor with the count: no host follows its neighbour, so a
-- proxy cannot live off the last look-up.
-- There are BENCH_TURNS requests for each route, whoever they are for, and each has a number of its
-- own: Lua keeps equal strings once, and whoever sends four requests again and again has them in its
-- cache, is faster and so makes the proxy cheaper. One host and ten thousand cost the client the same.

local requests = {}
local index, stride = 0, 1

local function gcd(a, b)
   while b ~= 0 do a, b = b, a % b end
   return a
end

function init(args)
   local first, last = tonumber(os.getenv("BENCH_FIRST")), tonumber(os.getenv("BENCH_LAST"))
   local shared = os.getenv("BENCH_SHARED_REGEX") == "1"
   local turns = tonumber(os.getenv("BENCH_TURNS"))
   for turn = 0, turns - 1 do
      local i = first + turn % (last - first + 1)
      local items = shared and "/items" or string.format("/items-%05d", i)
      local headers = {
         ["Host"] = string.format("host-%05d.example.com", i),
         ["X-Turn"] = string.format("%05d", turn),
      }
      for _, path in ipairs({ "/login", "/api/v1/things", items .. "/4711/details", "/about" }) do
         requests[#requests + 1] = wrk.format("GET", path, headers)
      end
   end
   stride = math.max(1, math.floor(#requests * 0.618))
   while gcd(stride, #requests) ~= 1 do stride = stride + 1 end
end

function request()
   index = (index + stride) % #requests
   return requests[index + 1]
end

dofile(debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") .. "/plain.lua")
