local function take(name)
  error("no stock of " .. name)
end

local co = coroutine.wrap(function(name)
  take(name)
end)

local ok, said = pcall(co, "nut")
assert(not ok, said)

co = coroutine.create(take)
local function order()
  local fine, why = coroutine.resume(co, "bolt")
  assert(fine, why)
end

order()
print("never here")

-- expect runtime error | * | main chunk:18 > order:15
