/** Messages that the RFCs publish. */
import assert from "node:assert/strict";
import { octets, verify } from "./world.ts";

/** RFC 8463 appendix A.2. */
const ZONES = {
  "brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
  "test._domainkey.football.example.com":
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi" +
    "Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kr" +
    "yOTIKT+l/K4w3QIDAQAB",
  // RFC 6376 appendix C, the key of its example in appendix A.
  "brisbane._domainkey.example.com":
    "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4j" +
    "YfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QID" +
    "AQAB",
};

const MESSAGE = `From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`;

/** RFC 8463 appendix A.3. */
const ED25519 = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
`;
const RSA = `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
`;

Deno.test("verifyDkim() passes both signatures of RFC 8463 appendix A", () => {
  const [first, second, ...more] = verify(octets(ED25519 + RSA + MESSAGE), ZONES);
  assert.equal(more.length, 0);
  assert.deepEqual(first, {
    result: "pass",
    reason: "the signature verifies",
    domain: "football.example.com",
    selector: "brisbane",
    algorithm: "ed25519-sha256",
    identity: "@football.example.com",
    signature: "/gCrinpc",
    testing: false,
    coveredOctets: 54,
    uncoveredOctets: 0,
  });
  assert.equal(second?.result, "pass");
  assert.equal(second?.algorithm, "rsa-sha256");
});

Deno.test("verifyDkim() fails both when one word is another", () => {
  const results = verify(octets(ED25519 + RSA + MESSAGE.replace("dinner", "supper")), ZONES);
  assert.deepEqual(results.map(({ result }) => result), ["fail", "fail"]);
  const body = verify(octets(ED25519 + RSA + MESSAGE.replace("hungry", "thirsty")), ZONES);
  assert.deepEqual(body.map(({ result, reason }) => [result, reason]), [
    ["fail", "the body was changed"],
    ["fail", "the body was changed"],
  ]);
});

/** RFC 6376 appendix A.2. What was signed has six spaces before each fold and one behind "game.": print changed both. */
const SIMPLE = `DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
`;

Deno.test("verifyDkim() passes the simple signature of RFC 6376 appendix A, and not with a space more", () => {
  const message = SIMPLE + MESSAGE.replace("game.  Are", "game. Are");
  assert.equal(verify(octets(message), ZONES)[0]?.result, "pass");
  assert.equal(verify(octets(message.replace("Subject: Is", "Subject:  Is")), ZONES)[0]?.result, "fail");
  assert.equal(verify(octets(message.replace("game. Are", "game.  Are")), ZONES)[0]?.reason, "the body was changed");
});
